"""What the protocol asks for: pathway, supply, money, programme indicators. Rules, no model."""

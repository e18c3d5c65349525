"""What the code asks of the machine: where compiled functions are kept, freed memory given back."""

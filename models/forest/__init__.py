"""A gradient-boosted forest read from LightGBM's text: its score and its exact SHAP values. Knows
no child."""

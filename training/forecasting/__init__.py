"""Forecasts of monthly counts by area: how many, where and when, with a band that holds what it
says."""

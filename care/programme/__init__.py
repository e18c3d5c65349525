"""The programme in numbers: months, indicators, supply and the Resolution's table, with small cells
withheld."""

"""The monthly report of an area: as PDF, as a workbook, and as a card for a message."""

"""What people read, in their language: words, reasons, the arm's units, fonts."""

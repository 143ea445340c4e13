"""What a quantizer is: the interface, its plan, and the rules that plugins share."""

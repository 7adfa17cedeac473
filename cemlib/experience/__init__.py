"""From what was measured to what a customer felt: models of QoE with their standards, and declared curves of our own."""

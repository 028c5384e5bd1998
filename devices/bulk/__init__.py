"""MANY DEVICES AT ONCE: kinds of changes (kinds.py), how they are carried out (carry_out.py), what is asked before."""

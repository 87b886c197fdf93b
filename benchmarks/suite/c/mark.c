// A breakpoint that a Python process sets for count_instructions.c.
void mark(void) { __asm__ volatile("int3"); }

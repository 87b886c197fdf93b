// Counts a program's instructions exactly, for machines whose hardware counters are hidden: single-steps between
// pairs of breakpoints that the program sets itself, and prints a count for each pair on stderr.
//     count_instructions PROGRAM [WORD ...]
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int n_words, char **words) {
    if (n_words < 2) return 2;
    pid_t child = fork();
    if (!child) {
        if (ptrace(PTRACE_TRACEME, 0, 0, 0)) _exit(126);
        execvp(words[1], words + 1);
        _exit(127);
    }
    int status, is_counting = 0;
    long count = 0;
    for (;;) {
        if (waitpid(child, &status, __WALL) < 0 || WIFEXITED(status) || WIFSIGNALED(status)) break;
        int signal = WSTOPSIG(status);
        if (signal == SIGTRAP) {
            siginfo_t about;
            ptrace(PTRACE_GETSIGINFO, child, 0, &about);
            if (about.si_code == SI_KERNEL) { // a breakpoint, not a step
                if (is_counting) fprintf(stderr, "instructions %ld\n", count);
                is_counting = !is_counting;
                count = 0;
            } else {
                count++;
            }
            signal = 0;
        }
        ptrace(is_counting ? PTRACE_SINGLESTEP : PTRACE_CONT, child, 0, signal);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

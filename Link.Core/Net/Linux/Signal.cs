namespace Link.Core.Net.Linux;

/// <summary><c>signal.h</c> (numbers of x86-64 and arm64).</summary>
internal static class Signal
{
    public const int SIGKILL = 9, SIGTERM = 15;

    /// <summary>By number, from 1.</summary>
    private static readonly string[] s_names =
    [
        "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP", "SIGABRT", "SIGBUS", "SIGFPE", "SIGKILL", "SIGUSR1", "SIGSEGV", "SIGUSR2", "SIGPIPE", "SIGALRM",
        "SIGTERM", "SIGSTKFLT", "SIGCHLD", "SIGCONT", "SIGSTOP", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGURG", "SIGXCPU", "SIGXFSZ", "SIGVTALRM", "SIGPROF",
        "SIGWINCH", "SIGIO", "SIGPWR", "SIGSYS",
    ];

    public static string NameOf(int signal) => signal >= 1 && signal <= s_names.Length ? s_names[signal - 1] : $"signal {signal}";
}

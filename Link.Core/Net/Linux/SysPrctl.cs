namespace Link.Core.Net.Linux;

/// <summary><c>linux/prctl.h</c>.</summary>
internal static class SysPrctl
{
    public const int PR_SET_DUMPABLE = 4, PR_CAPBSET_READ = 23, PR_CAPBSET_DROP = 24, PR_SET_NO_NEW_PRIVS = 38, PR_CAP_AMBIENT = 47;
    public const int PR_CAP_AMBIENT_CLEAR_ALL = 4;
}

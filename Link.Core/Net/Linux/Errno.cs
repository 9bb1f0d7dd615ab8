namespace Link.Core.Net.Linux;

/// <summary><c>errno.h</c>: the values that we decide on.</summary>
internal static class Errno
{
    public const int EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, E2BIG = 7, ENOEXEC = 8, EAGAIN = 11, EACCES = 13, EEXIST = 17, ENODEV = 19, ENOTDIR = 20, EINVAL = 22, EMFILE = 24, ETXTBSY = 26, ERANGE = 34;
    public const int ELOOP = 40, EPROTO = 71, EMSGSIZE = 90, EOPNOTSUPP = 95, EADDRNOTAVAIL = 99, ENETDOWN = 100, ENETUNREACH = 101, ENOBUFS = 105, EHOSTUNREACH = 113;
}

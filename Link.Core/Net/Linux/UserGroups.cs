using static Link.Core.Net.Linux.Pwd;

namespace Link.Core.Net.Linux;

/// <summary>Which groups the system's databases (nsswitch.conf(5)) give a user: getpwuid_r(3) and getgrouplist(3), as a login does.</summary>
internal static unsafe class UserGroups
{
    private const int FirstBytes = 4 * 1024;
    private const int MaxBytes = 1024 * 1024;
    private const int FirstGroups = 64;

    // NGROUPS_MAX.
    private const int MaxGroups = 65536;

    /// <summary>
    /// The groups, the one of the passwd entry first; empty: no database knows the user, or it is not to be had. May wait as long as a directory service does.
    /// </summary>
    public static IReadOnlyList<uint> Of(uint uid)
    {
        for (int size = FirstBytes; size <= MaxBytes; size *= 4)
        {
            byte[] texts = new byte[size];
            fixed (byte* data = texts)
            {
                passwd entry;
                passwd* found;
                int errno = Libc.getpwuid_r(uid, &entry, data, (nuint)size, &found);
                if (errno == 0)
                {
                    return found is null ? [] : Of((byte*)found->pw_name, found->pw_gid);
                }

                if (errno != Errno.ERANGE)
                {
                    return [];
                }
            }
        }

        return [];
    }

    private static uint[] Of(byte* name, uint primary)
    {
        for (int most = FirstGroups; most <= MaxGroups; most *= 32)
        {
            uint[] groups = new uint[most];
            int count = most;
            fixed (uint* data = groups)
            {
                if (Libc.getgrouplist(name, primary, data, &count) >= 0)
                {
                    return groups[..count];
                }
            }
        }

        return [primary];
    }
}

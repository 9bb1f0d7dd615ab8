using System.Runtime.InteropServices;
using static Link.Core.Net.Linux.SysStat;

namespace Link.Core.Net.Linux;

/// <summary>What a path is itself, not what a symlink there points to, and who may change it.</summary>
/// <param name="Owner">User ID.</param>
/// <param name="Mode">Type and permissions, <c>st_mode</c>.</param>
internal readonly record struct FileStatus(uint Owner, int Mode)
{
    public bool IsDirectory => (Mode & S_IFMT) == S_IFDIR;

    public bool IsRegular => (Mode & S_IFMT) == S_IFREG;

    public bool IsSymlink => (Mode & S_IFMT) == S_IFLNK;

    /// <summary>An access control list that lets others write shows in the group's bit, too.</summary>
    public bool IsWritableByOthers => (Mode & (S_IWGRP | S_IWOTH)) != 0;

    /// <param name="errno">Why there is none.</param>
    public static unsafe FileStatus? Read(string path, out int errno)
    {
        statx status;
        errno = 0;
        if (Libc.statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_MODE | STATX_UID, &status) == 0)
            return new FileStatus(status.stx_uid, status.stx_mode);
        errno = Marshal.GetLastPInvokeError();
        return null;
    }

    /// <summary>Whether this process may execute it.</summary>
    public static bool MayExecute(string path) => Libc.access(path, X_OK) == 0;
}

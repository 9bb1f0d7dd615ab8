using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary><c>sys/stat.h</c>, <c>fcntl.h</c> and <c>unistd.h</c>.</summary>
internal static class SysStat
{
    public const int AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100;
    public const int STATX_TYPE = 0x1, STATX_MODE = 0x2, STATX_UID = 0x8;
    public const int S_IFMT = 0xF000, S_IFDIR = 0x4000, S_IFREG = 0x8000, S_IFLNK = 0xA000;
    public const int S_IWGRP = 0x10, S_IWOTH = 0x2;
    public const int X_OK = 1;
    public const int O_RDONLY = 0, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000;

    [StructLayout(LayoutKind.Sequential, Size = 256)]
    public struct statx
    {
        public uint stx_mask;
        public uint stx_blksize;
        public ulong stx_attributes;
        public uint stx_nlink;
        public uint stx_uid;
        public uint stx_gid;
        public ushort stx_mode;
    }
}

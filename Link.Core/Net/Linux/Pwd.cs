using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary><c>pwd.h</c>.</summary>
internal static class Pwd
{
    [StructLayout(LayoutKind.Sequential)]
    public struct passwd
    {
        public nint pw_name;
        public nint pw_passwd;
        public uint pw_uid;
        public uint pw_gid;
        public nint pw_gecos;
        public nint pw_dir;
        public nint pw_shell;
    }
}

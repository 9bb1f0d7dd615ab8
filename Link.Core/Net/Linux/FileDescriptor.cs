using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Link.Core.Net.Linux;

/// <summary>An open file descriptor that is closed exactly once.</summary>
internal sealed class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    private FileDescriptor(int fd)
        : base(ownsHandle: true)
        => SetHandle(fd);

    /// <summary>The number, to poll; valid as long as this object is not disposed.</summary>
    public int Number => (int)handle;

    /// <summary>Owns what a call returned.</summary>
    /// <exception cref="KernelException">The call returned -1.</exception>
    public static FileDescriptor Own(int fd, string what)
        => fd >= 0 ? new FileDescriptor(fd) : throw new KernelException(what, Marshal.GetLastPInvokeError());

    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;
}

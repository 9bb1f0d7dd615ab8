namespace Link.Core.Net.Linux;

/// <summary>A system call failed in a way that its caller cannot go on with.</summary>
internal sealed class KernelException(KernelError error) : Exception(error.ToString())
{
    public KernelException(string what, int errno)
        : this(new KernelError(what, errno))
    {
    }

    public KernelError Error { get; } = error;
}

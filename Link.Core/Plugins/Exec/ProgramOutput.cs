namespace Link.Core.Plugins.Exec;

/// <summary>Keeps the last 4 KiB at least of what a program writes.</summary>
internal sealed class ProgramOutput
{
    private const int Kept = 4096;

    private readonly byte[] _bytes = new byte[2 * Kept];
    private int _count;

    /// <summary>True when the beginning is not kept.</summary>
    public bool IsCut { get; private set; }

    public byte[] ToArray() => _bytes[.._count];

    public void Add(ReadOnlySpan<byte> written)
    {
        if (written.Length > Kept)
        {
            written = written[^Kept..];
            _count = 0;
            IsCut = true;
        }

        if (_count + written.Length > _bytes.Length)
        {
            _bytes.AsSpan(_count - Kept, Kept).CopyTo(_bytes);
            _count = Kept;
            IsCut = true;
        }

        written.CopyTo(_bytes.AsSpan(_count));
        _count += written.Length;
    }
}

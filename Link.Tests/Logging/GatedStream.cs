using System.Text;
using Xunit;

namespace Link.Tests.Logging;

/// <summary>A stream whose writes wait for a gate, as a pipe's do when nobody reads, or fail, as a full disk's do.</summary>
internal sealed class GatedStream : MemoryStream
{
    private readonly ManualResetEventSlim _gate = new(true);
    private readonly ManualResetEventSlim _entered = new(false);

    public bool IsFull { get; set; }

    public void CloseGate() => _gate.Reset();

    public void OpenGate() => _gate.Set();

    public void WaitForWriter() => Assert.True(_entered.Wait(TimeSpan.FromSeconds(60)));

    public string[] Lines() => Encoding.UTF8.GetString(ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        _entered.Set();
        _gate.Wait();
        if (IsFull)
            throw new IOException("No space left on device");
        base.Write(buffer);
    }
}

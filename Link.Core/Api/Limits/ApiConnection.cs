using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Link.Core.Api.Limits;

/// <summary>One client's connection, as its <see cref="ConnectionTable"/> sees it; a feature of the connection.</summary>
internal sealed class ApiConnection(ConnectionTable table, IPAddress source, long openedAt)
{
    private volatile string? _aborted;
    private volatile ConnectionContext? _context;

    /// <summary>See <see cref="Access.ClientSource"/>.</summary>
    public IPAddress Source { get; } = source;

    /// <summary>Timestamp of the table's clock.</summary>
    public long OpenedAt { get; } = openedAt;

    /// <summary>Timestamp of the last change of <see cref="Phase"/>.</summary>
    public long Since { get; private set; } = openedAt;

    public ConnectionPhase Phase { get; private set; }

    /// <summary>The table has ended it; what it holds goes when Kestrel has noticed.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>A whole request is there, or its answer is written.</summary>
    public void Enter(ConnectionPhase phase) => table.Enter(this, phase);

    /// <summary>Once a second.</summary>
    internal void CloseIfLate() => table.CloseIfLate(this);

    internal void Set(ConnectionPhase phase, long now) => (Phase, Since) = (phase, now);

    internal void MarkEnded() => IsEnded = true;

    /// <summary>What Kestrel serves. The table may have ended it meanwhile.</summary>
    internal void Attach(ConnectionContext context)
    {
        _context = context;
        if (_aborted is { } reason)
        {
            Abort(reason);
        }
    }

    /// <summary>Not under a lock: Kestrel runs what hangs on it.</summary>
    internal void Abort(string reason)
    {
        _aborted = reason;
        _context?.Abort(new ConnectionAbortedException(reason));
    }
}

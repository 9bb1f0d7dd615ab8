using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Link.Core.Api.Limits;

/// <summary>One client's connection, as its <see cref="ConnectionTable"/> sees it; a feature of the connection.</summary>
internal sealed class ApiConnection(ConnectionTable table, ConnectionContext connection, IPAddress source, long openedAt)
{
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

    /// <summary>Not under a lock: Kestrel runs what hangs on it.</summary>
    internal void Abort(string reason) => connection.Abort(new ConnectionAbortedException(reason));
}

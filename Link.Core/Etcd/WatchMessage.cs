namespace Link.Core.Etcd;

/// <summary>What a <see cref="WatchStream"/> tells its owner.</summary>
internal abstract record WatchMessage
{
    private WatchMessage()
    {
    }

    /// <summary>
    /// All watches stand, and whatever happens after <paramref name="Revision"/> will be told. Anything up to it may have been missed:
    /// read the state, and skip events that are not newer than what was read.
    /// </summary>
    internal sealed record Started(long Revision) : WatchMessage;

    /// <summary>Events of one watch in order of revision, up to <paramref name="Revision"/>.</summary>
    internal sealed record Events(IReadOnlyList<Event> List, long Revision) : WatchMessage;

    /// <summary>After Lost: the stream works again and nothing was missed; what happened meanwhile follows.</summary>
    internal sealed record Resumed : WatchMessage;

    /// <summary>There is no working stream. It is being opened again, forever; Started or Resumed will follow.</summary>
    internal sealed record Lost(string Reason) : WatchMessage;
}

namespace Link.Core.Plugins;

/// <summary>
/// Drives all outputs outside this host. Calls run elsewhere, never two at once for one output; the newest wish wins: it ends the call under way
/// and is carried out next. What fails is tried again, at doubling intervals. On the loop only.
/// </summary>
internal sealed class RemoteOutputs(RemoteOutputOptions options, IRemoteOutputEvents events, Random random)
{
    private readonly RemoteOutputOptions _options = options;
    private readonly IRemoteOutputEvents _events = events;
    private readonly Random _random = random;

    /// <summary>Makes the output of an endpoint; nothing is wanted of it yet.</summary>
    public RemoteOutput Add(string plugin, OutputTarget endpoint, IRemoteOutput remote) => new(this, plugin, endpoint, remote);

    public void Want(RemoteOutput output, bool on, long revision) => throw new NotSupportedException();

    public void EnsureSoon(RemoteOutput output) => throw new NotSupportedException();

    public void Remove(RemoteOutput output) => throw new NotSupportedException();
}

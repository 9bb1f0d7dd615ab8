using Link.Core.Logging;
using Link.Core.Plugins;
using Link.Core.Secrets;
using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>
/// Rewrites what etcd has of this host's endpoints and secrets: old forms in the background, secrets under a new key on command. One job at a time, each
/// from what the last one left. Runs off the loop, and tells <see cref="IKeptData"/> what is stored now.
/// </summary>
internal sealed partial class DataKeeper(
    HostDataStore store, KeyRing keys, SecretFormat format, Func<string, IPlugin?> pluginOf, IKeptData kept, Log log, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Runs a job that rewrites records while no other does.</summary>
    public async Task<T> ExclusivelyAsync<T>(Func<Task<T>> job, CancellationToken cancel)
    {
        await _one.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            return await job().ConfigureAwait(false);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _stop.Cancel();
}

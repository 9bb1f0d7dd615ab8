using System.Net;
using System.Net.Sockets;

namespace Link.Core.Net;

/// <summary>
/// Looks up names. A lookup blocks a thread of the pool for as long as the system's resolver likes, whatever deadline its caller
/// has; so callers share the lookup of a name, and only a few run at a time.
/// </summary>
internal sealed class NameResolver
{
    private const int MaxConcurrent = 8;
    private const int MaxAddresses = 16;

    private readonly SemaphoreSlim _slots = new(MaxConcurrent);
    private readonly Dictionary<string, Task<IPAddress[]>> _running = [];

    /// <summary>The name's addresses in the system's order, 16 at most. Ends with the token; the lookup itself may go on.</summary>
    /// <exception cref="SocketException">The name has no address, or the resolver does not answer.</exception>
    public async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancel)
    {
        if (IPAddress.TryParse(host, out var address))
            return [address];

        Task<IPAddress[]>? lookup;
        lock (_running)
        {
            if (!_running.TryGetValue(host, out lookup))
                _running[host] = lookup = Task.Run(() => LookUpAsync(host), CancellationToken.None);
        }

        return await lookup.WaitAsync(cancel).ConfigureAwait(false);
    }

    private async Task<IPAddress[]> LookUpAsync(string host)
    {
        try
        {
            await _slots.WaitAsync().ConfigureAwait(false);
            try
            {
                var addresses = await Dns.GetHostAddressesAsync(host).ConfigureAwait(false);
                return addresses.Length <= MaxAddresses ? addresses : addresses[..MaxAddresses];
            }
            finally
            {
                _slots.Release();
            }
        }
        finally
        {
            lock (_running)
                _running.Remove(host);
        }
    }
}

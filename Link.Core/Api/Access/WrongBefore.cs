using System.Net;

namespace Link.Core.Api.Access;

/// <summary>
/// Remembers from which networks wrong passwords came, and in which order. It has a bound; what came first is forgotten first. Not for several threads.
/// </summary>
internal sealed class WrongBefore(int most = 4096)
{
    private readonly Dictionary<IPNetwork, long> _lastWrong = [];
    private long _count;

    /// <summary>When a network was last wrong, as a number that grows; 0: never, or forgotten.</summary>
    public long Last(IPNetwork network) => _lastWrong.GetValueOrDefault(network);

    public void Note(SourceNetworks networks)
    {
        _count++;
        Note(networks.Wide);
        Note(networks.Site);
        Note(networks.Source);
    }

    private void Note(IPNetwork network)
    {
        if (_lastWrong.Count >= most && !_lastWrong.ContainsKey(network))
        {
            _lastWrong.Remove(_lastWrong.MinBy(entry => entry.Value).Key);
        }

        _lastWrong[network] = _count;
    }
}

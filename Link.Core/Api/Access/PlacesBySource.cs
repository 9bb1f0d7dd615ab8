using System.Net;

namespace Link.Core.Api.Access;

/// <summary>Counts what is under way for strangers, so that one source alone does not take every place.</summary>
internal sealed class PlacesBySource(int most, int mostOfOneSource)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, int> _bySource = [];
    private int _all;

    /// <summary>Takes a place, to be given back by <see cref="Leave"/>. False: there is none.</summary>
    /// <param name="source">See <see cref="ClientSource"/>.</param>
    public bool TryTake(IPAddress source)
    {
        lock (_gate)
        {
            int ofSource = _bySource.GetValueOrDefault(source);
            if (_all >= most || ofSource >= mostOfOneSource)
            {
                return false;
            }

            _all++;
            _bySource[source] = ofSource + 1;
            return true;
        }
    }

    public void Leave(IPAddress source)
    {
        lock (_gate)
        {
            _all--;
            if (--_bySource[source] == 0)
            {
                _bySource.Remove(source);
            }
        }
    }
}

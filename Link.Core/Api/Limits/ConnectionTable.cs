using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace Link.Core.Api.Limits;

/// <summary>
/// The connections of one kind of listener. A newcomer is always worth more than a connection that says nothing: where there is no room, one that waits
/// (silent before idle, the oldest first, of the source that has the most) makes way, of a source with more than the newcomer's also one whose client
/// takes its time with a body or an answer; only if the agent works for every place is the newcomer closed. So nobody can occupy the API by being there.
/// What has sent no request in time is closed. Safe from any thread.
/// </summary>
/// <param name="most">Connections at a time.</param>
/// <param name="mostOfOneSource">Those of one source.</param>
/// <param name="firstRequest">How long a connection may take until its first request is there.</param>
/// <param name="time">For ages.</param>
/// <param name="log">Takes one line, a minute apart at the least.</param>
internal sealed class ConnectionTable(int most, int mostOfOneSource, TimeSpan firstRequest, TimeProvider time, Action<string> log)
{
    private static readonly TimeSpan s_quiet = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, List<ApiConnection>> _bySource = [];
    private int _open;

    // Closed by us and not gone yet: they still have their memory.
    private int _ending;
    private int _closedSinceSaid;
    private long? _saidAt;

    /// <summary>Around all that is done with a connection that <see cref="TryOpen"/> gave.</summary>
    public ConnectionDelegate Guard(ConnectionDelegate next) => async connection =>
    {
        ApiConnection opened = connection.Features.GetRequiredFeature<ApiConnection>();
        try
        {
            connection.Features.GetRequiredFeature<IConnectionHeartbeatFeature>().OnHeartbeat(static state => ((ApiConnection)state).CloseIfLate(), opened);
            await next(connection);
        }
        finally
        {
            Close(opened);
        }
    };

    /// <summary>Connections that may be ending at a time; twice as many, for a source's first one.</summary>
    private int MostEnding => (most / 8) + 1;

    /// <summary>Open now.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _open;
            }
        }
    }

    /// <returns>Its place, until <see cref="Close"/>; null: there is none for it.</returns>
    internal ApiConnection? TryOpen(IPAddress source)
    {
        ApiConnection? opened = null;
        ApiConnection? leaves = null;
        string? line;
        lock (_gate)
        {
            bool shareIsFull = _bySource.TryGetValue(source, out List<ApiConnection>? own) && own.Count >= mostOfOneSource;
            if (shareIsFull || _open >= most)
            {
                leaves = shareIsFull ? Oldest(own!, ConnectionPhase.Idle) : FindOneToLeave(own?.Count ?? 0);
            }

            bool fits = leaves is not null || (!shareIsFull && _open < most);
            // Those that are ending are few, or newcomers come faster than connections can be taken down. A source's first one has some room more.
            if (fits && _ending < (own is null ? MostEnding * 2 : MostEnding))
            {
                if (leaves is not null)
                {
                    End(leaves);
                }

                opened = new ApiConnection(this, source, time.GetTimestamp());
                Add(opened);
            }
            else
            {
                leaves = null;
            }

            line = opened is null || leaves is not null ? Note(source) : null;
        }

        if (line is not null)
        {
            log(line);
        }

        leaves?.Abort("another client needs the place");
        return opened;
    }

    internal void Close(ApiConnection connection)
    {
        lock (_gate)
        {
            if (connection.IsEnded)
            {
                _ending--;
            }
            else
            {
                Remove(connection);
            }
        }
    }

    internal void Enter(ApiConnection connection, ConnectionPhase phase)
    {
        lock (_gate)
        {
            connection.Set(phase, time.GetTimestamp());
        }
    }

    /// <summary>Once a second, for each connection.</summary>
    internal void CloseIfLate(ApiConnection connection)
    {
        lock (_gate)
        {
            if (connection.IsEnded || connection.Phase != ConnectionPhase.Silent || time.GetElapsedTime(connection.OpenedAt) < firstRequest)
            {
                return;
            }

            End(connection);
        }

        connection.Abort("no request in time");
    }

    private void Add(ApiConnection connection)
    {
        if (!_bySource.TryGetValue(connection.Source, out List<ApiConnection>? own))
        {
            _bySource.Add(connection.Source, own = []);
        }

        own.Add(connection);
        _open++;
    }

    private void Remove(ApiConnection connection)
    {
        List<ApiConnection> own = _bySource[connection.Source];
        own.Remove(connection);
        if (own.Count == 0)
        {
            _bySource.Remove(connection.Source);
        }

        _open--;
    }

    private void End(ApiConnection connection)
    {
        Remove(connection);
        connection.MarkEnded();
        _ending++;
    }

    private ApiConnection? FindOneToLeave(int ofNewcomer)
    {
        ApiConnection? found = null;
        int ofSource = 0;
        foreach (List<ApiConnection> own in _bySource.Values)
        {
            // Who has less than the newcomer's source loses nothing to it.
            ConnectionPhase last = own.Count > ofNewcomer + 1 ? ConnectionPhase.Transfer : ConnectionPhase.Idle;
            if (own.Count >= ofNewcomer && own.Count > ofSource && Oldest(own, last) is { } oldest)
            {
                (found, ofSource) = (oldest, own.Count);
            }
        }

        return found;
    }

    private static ApiConnection? Oldest(List<ApiConnection> own, ConnectionPhase last)
    {
        ApiConnection? oldest = null;
        foreach (ApiConnection each in own)
        {
            if (each.Phase <= last && (oldest is null || each.Phase < oldest.Phase || (each.Phase == oldest.Phase && each.Since < oldest.Since)))
            {
                oldest = each;
            }
        }

        return oldest;
    }

    private string? Note(IPAddress source)
    {
        _closedSinceSaid++;
        if (_saidAt is { } said && time.GetElapsedTime(said) < s_quiet)
        {
            return null;
        }

        string line = $"api: {_open} connections are open, {(_bySource.TryGetValue(source, out List<ApiConnection>? own) ? own.Count : 0)} of them from {source}: "
            + $"those that wait make way for new ones ({_closedSinceSaid} closed since the last such line)";
        _saidAt = time.GetTimestamp();
        _closedSinceSaid = 0;
        return line;
    }
}

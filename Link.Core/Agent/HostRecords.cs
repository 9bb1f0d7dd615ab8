using Link.Core.Etcd;
using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>What etcd has of this host when the agent starts.</summary>
internal sealed record HostRecords
{
    /// <summary>The lease that the last agent had; 0: none.</summary>
    public long LeaseId { get; private init; }

    /// <summary>The agent that wrote the host's agent key; null: none.</summary>
    public AgentRecord? Agent { get; private init; }

    /// <summary>There is an agent key that cannot be read: whoever wrote it is not known.</summary>
    public bool AgentIsUnreadable { get; private init; }

    /// <summary>The host was drained and stays out of elections.</summary>
    public bool IsDrained { get; private init; }

    /// <summary>The host's record was written last by LinK: what is on this host is LinK's.</summary>
    public bool IsLinKs { get; private init; }

    public required HostData Data { get; init; }

    /// <summary>What cannot be read, one line each.</summary>
    public IReadOnlyList<string> Faults { get; private init; } = [];

    /// <param name="answer">Of its ranges the first five: the host's config, its agent key, its endpoints, its drain key, its secrets.</param>
    public static HostRecords Read(string hostname, TxnResponse answer)
    {
        var faults = new List<string>();
        T? One<T>(int index, string key, Func<string, ReadOnlyMemory<byte>, ReadResult<T>> read)
            where T : class =>
            answer.Responses[index].ResponseRange.Kvs is [{ } only] ? Accept(read(key, only.Value.Memory)) : null;

        T? Accept<T>(ReadResult<T> result)
            where T : class
        {
            if (result.Error != null)
                faults.Add(result.Error);
            return result.Value;
        }

        HostRecord? host = One(0, KeyLayout.Host(hostname), HostRecord.Read);
        AgentRecord? agent = One(1, KeyLayout.Agent(hostname), AgentRecord.Read);
        HostData data = HostData.Read(answer.Responses[2].ResponseRange.Kvs, answer.Responses[4].ResponseRange.Kvs);
        foreach (Stored<EndpointRecord> endpoint in data.Endpoints)
        {
            if (endpoint.Error != null)
                faults.Add(endpoint.Error);
        }

        return new HostRecords
        {
            LeaseId = host?.LeaseId ?? 0,
            Agent = agent,
            AgentIsUnreadable = agent == null && answer.Responses[1].ResponseRange.Kvs.Count > 0,
            IsDrained = answer.Responses[3].ResponseRange.Kvs.Count > 0,
            // LinK before 1.9 wrote no record of the host, and a lease into each endpoint.
            IsLinKs = host?.IsLinKs ?? data.Endpoints.Any(static endpoint => endpoint.Record is { LeaseId: not 0 }),
            Data = data,
            Faults = faults,
        };
    }
}

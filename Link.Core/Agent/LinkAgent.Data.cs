using Google.Protobuf;
using Link.Core.Plugins;
using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>What etcd has of the endpoints, remembered as it changes.</summary>
internal sealed partial class LinkAgent : IKeptData
{
    Task IKeptData.HasReadAsync(HostData data)
    {
        var read = new List<(EndpointRecord Record, EndpointData Stored)>(data.Endpoints.Count);
        foreach (Stored<EndpointRecord> endpoint in data.Endpoints)
        {
            if (endpoint.Record is { } record)
                read.Add((record, StoredOf(endpoint, record, data.Secrets)));
        }

        return _loop.InvokeAsync(() =>
        {
            foreach ((EndpointRecord record, EndpointData stored) in read)
            {
                // What runs is what was loaded: of the record only the form can have changed by us.
                if (_entries.TryGetValue(record.Id, out EndpointEntry? entry) && entry.Record.Plugin == record.Plugin)
                {
                    entry.Record = entry.Record with { PluginConfig = record.PluginConfig, LeaseId = record.LeaseId, IsOldForm = record.IsOldForm };
                    entry.Stored = stored;
                }
            }

            return true;
        });
    }

    Task<IReadOnlyDictionary<string, EndpointRecord>> IKeptData.LoadedAsync() => _loop.InvokeAsync(() =>
        (IReadOnlyDictionary<string, EndpointRecord>)_entries.Values.ToDictionary(static entry => entry.Id, static entry => entry.Loaded));

    /// <summary>What lies in etcd of an endpoint, to be written again as it is should etcd lose it.</summary>
    private EndpointData StoredOf(Stored<EndpointRecord> endpoint, EndpointRecord record, IReadOnlyDictionary<string, Stored<SecretRecord>> secrets)
    {
        IReadOnlyList<string> paths = _plugins.GetValueOrDefault(record.Plugin)?.SecretFields ?? [];
        IReadOnlyList<Stored<SecretRecord>> referenced = EndpointSecrets.Referenced(_options.Hostname, record.Id, record.PluginConfig, paths, secrets);
        return new EndpointData(
            UnsafeByteOperations.UnsafeWrap(endpoint.Value),
            [.. referenced.Select(static secret => new StoredValue(secret.Key, UnsafeByteOperations.UnsafeWrap(secret.Value)))]);
    }

    /// <summary>A secret that LinK left under no endpoint's id and that another endpoint refers to as well does not go with this one.</summary>
    private void KeepShared(EndpointEntry entry)
    {
        if (entry.Stored.Secrets.Count == 0)
            return;
        HashSet<string> ofOthers = [.. _entries.Values.Where(other => other != entry).SelectMany(static other => other.Stored.Secrets).Select(static secret => secret.Key)];
        entry.Stored = entry.Stored with { Secrets = [.. entry.Stored.Secrets.Where(secret => !ofOthers.Contains(secret.Key))] };
    }
}

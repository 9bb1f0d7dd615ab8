using System.Text.Json;
using Link.Core.Secrets;

namespace Link.Core.Storage;

/// <summary>
/// Plans how a host's data in LinK's older forms becomes LinK 3.3's, endpoint by endpoint. Pure, but for ids and nonces. The agent works on the old
/// forms as well, so that nothing of this is urgent.
/// </summary>
internal static class Migrations
{
    /// <summary>An endpoint with more secrets takes several rounds, because etcd bounds a transaction.</summary>
    public const int MaxSecretsAtOnce = 60;

    // Each is one condition and one operation, of which etcd takes 128.
    private const int MaxInClear = 120;

    /// <param name="endpoints">All of the host's, also those that cannot be read.</param>
    /// <param name="secrets">All of the host's, by key.</param>
    /// <param name="format">For secrets that stand in the endpoint itself. LinK's that lie on their own only move, so that LinK can still read them.</param>
    /// <param name="secretsOf">Null for a plugin that is not known, whose endpoints are left alone.</param>
    public static MigrationPlan Plan(
        string host, IReadOnlyList<Stored<EndpointRecord>> endpoints, IReadOnlyDictionary<string, Stored<SecretRecord>> secrets, KeyRing ring, SecretFormat format,
        Func<string, PluginSecrets?> secretsOf)
    {
        var use = new SecretUse(host, endpoints, secrets);
        var migrations = new List<EndpointMigration>();
        var faults = new List<MigrationFault>();
        var read = new HashSet<string>();
        foreach (var endpoint in endpoints)
        {
            if (endpoint.Record is not { } record || secretsOf(record.Plugin) is not { } plugin || !KeyLayout.TryParseEndpoint(endpoint.Key, out _, out var id))
                continue;

            // Of endpoints that share a secret one moves at a time: the last one knows that it is the last, and deletes it.
            if (PlanOne(host, id, endpoint, record, plugin, secrets, use, ring, format, faults) is { } migration && migration.Reads.All(secret => read.Add(secret.Key)))
                migrations.Add(migration);
        }

        var unreferenced = new List<Stored<SecretRecord>>();
        var unbound = 0;
        foreach (var secret in secrets.Values)
        {
            if (!use.IsUsed(secret))
                unreferenced.Add(secret);
            else if (secret.Record is { } record && record.Sealed.Type != SecretType.AesGcmBound)
                unbound++;
        }

        return new MigrationPlan(migrations, faults, unreferenced, unbound);
    }

    private static EndpointMigration? PlanOne(
        string host, string id, Stored<EndpointRecord> endpoint, EndpointRecord record, PluginSecrets plugin, IReadOnlyDictionary<string, Stored<SecretRecord>> secrets,
        SecretUse use, KeyRing ring, SecretFormat format, List<MigrationFault> faults)
    {
        var why = new List<string>();
        if (record.IsOldForm)
            why.Add("it has no plugin, as before LinK 3");
        if (record.LeaseId != 0)
            why.Add("it has a lease of its own, as before LinK 1.9");

        // What cannot be read is told when the endpoint is opened; here it matters only if something is to be migrated.
        var fieldFaults = new List<SecretFault>();
        var references = EndpointSecrets.References(record.PluginConfig, plugin.Paths, fieldFaults);
        var inside = references.Count(static field => field.Value.IsInside);
        if (inside > 0)
            why.Add("secrets stand in it");
        if (references.Any(static field => !field.Value.IsInside && field.Value.IsOldForm))
            why.Add("its secrets lie under no endpoint's id");
        if (why.Count == 0)
            return null;

        var builder = new Rewriter(host, id, plugin, references, secrets, use, ring, format, fieldFaults);
        var config = references.Count == 0 ? record.PluginConfig : builder.Rewrite(record.PluginConfig);
        if (fieldFaults.Count == 0)
            return new EndpointMigration(id, endpoint, record with { PluginConfig = config, LeaseId = 0, IsOldForm = false }, builder.Puts, builder.Reads, builder.Deletes, string.Join(", ", why));
        faults.Add(new MigrationFault(endpoint.Key, fieldFaults, inside));
        return null;
    }

    /// <summary>Writes one endpoint's configuration anew and collects what becomes of its secrets.</summary>
    private sealed class Rewriter(
        string host, string endpointId, PluginSecrets plugin, IReadOnlyList<KeyValuePair<string, SecretReference>> references,
        IReadOnlyDictionary<string, Stored<SecretRecord>> secrets, SecretUse use, KeyRing ring, SecretFormat format, List<SecretFault> faults)
    {
        private readonly HashSet<string> _done = [];

        // All at once: beside those that are bound already no other in clear is taken.
        private readonly int _inClear = references.Count(static field => field.Value.Clear is not null);
        private readonly bool _takesClear = EndpointSecrets.TakesClear(host, endpointId, references, secrets);
        private int _others;

        public List<SecretPut> Puts { get; } = [];

        public List<Stored<SecretRecord>> Reads { get; } = [];

        public List<Stored<SecretRecord>> Deletes { get; } = [];

        public string Rewrite(string config)
        {
            if (_inClear > MaxInClear)
                faults.Add(new SecretFault("", $"has {_inClear} secrets in clear, more than one transaction takes: delete the endpoint and add it again"));
            var destination = EndpointSecrets.DestinationOf(config, plugin, faults);
            return new SecretPaths(plugin.Paths).Rewrite(config, (writer, field, value, isParent) =>
            {
                if (isParent || destination is null || MoveToOwnKey(new SecretPurpose(plugin.Plugin, field, destination), value) is not { } newId)
                    writer.WriteRawValue(RecordJson.Compact(value.GetRawText()), skipInputValidation: true);
                else
                    SecretReference.Write(writer, newId, endpointId);
            });
        }

        /// <returns>Id of the secret under the endpoint's id; null: the field stays as it is.</returns>
        private string? MoveToOwnKey(SecretPurpose purpose, JsonElement value)
        {
            var field = purpose.Field;
            SecretReference reference;
            try
            {
                // What is wrong with it is among the faults already.
                if (SecretReference.Read(value, out _) is not { } read)
                    return null;
                reference = read;
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                return null;
            }

            var stored = EndpointSecrets.Find(host, endpointId, reference, secrets, out var key);
            if (EndpointSecrets.OpenReference(host, endpointId, purpose, reference, stored, key, _takesClear, ring, faults) is not { } json
                || !reference.IsOldForm || reference.Clear is null && ++_others > MaxSecretsAtOnce - _inClear)
                return null;
            if (reference.Id.Length > 0)
                return Move(purpose, reference.Id, stored!, json);
            if (!ring.HasKey)
            {
                faults.Add(new SecretFault(field, $"stands in the endpoint and this host has no key to encrypt it: {EndpointSecrets.SetTheKey}"));
                return null;
            }

            var put = EndpointSecrets.Seal(host, endpointId, json, purpose, ring, format);
            Puts.Add(put);
            return put.Record.Id;
        }

        private string? Move(SecretPurpose purpose, string secretId, Stored<SecretRecord> stored, Secret json)
        {
            var field = purpose.Field;
            var key = KeyLayout.Secret(host, endpointId, secretId);
            if (stored.Key == key || !_done.Add(secretId))
                return secretId;
            if (secrets.ContainsKey(key))
            {
                faults.Add(new SecretFault(field, $"the secret {stored.Key} cannot move, because {key} exists too: delete the one that is wrong"));
                return null;
            }

            var record = stored.Record!;
            var isBound = SecretType.IsBoundToPlace(record.Sealed.Type);
            if (isBound && !ring.HasKey)
            {
                faults.Add(new SecretFault(field, $"the secret {stored.Key} is bound to its place and this host has no key to encrypt it anew: {EndpointSecrets.SetTheKey}"));
                return null;
            }

            var @sealed = isBound ? ring.Seal(new SecretPlace(host, endpointId, secretId) { Purpose = purpose }, json, format) : record.Sealed;
            Puts.Add(new SecretPut(key, record with { EndpointId = endpointId, Sealed = @sealed }));
            Reads.Add(stored);
            if (!use.IsUsed(stored, except: endpointId))
                Deletes.Add(stored);
            return secretId;
        }
    }
}

using Link.Core.Secrets;

namespace Link.Core.Storage;

/// <summary>
/// Which secrets of a host have to be encrypted anew, so that the current key alone opens all of them and all have one format. What is done already
/// is not in it: after a crash half way, plan again.
/// </summary>
/// <param name="Total">Secrets that the host has, less the unused ones.</param>
/// <param name="Rotations">What is left to do.</param>
/// <param name="Faults">Secrets that no key opens, that cannot be read or cannot be bound, by key; they are left alone.</param>
/// <param name="Unused">Secrets of no endpoint, which can be bound to no destination; they are left alone, too.</param>
internal sealed record RotationPlan(int Total, IReadOnlyList<SecretRotation> Rotations, IReadOnlyList<SecretFault> Faults, int Unused)
{
    /// <param name="secretsOf">Null for a plugin that is not known.</param>
    /// <param name="loaded">Endpoints as this agent has loaded or added them, by id.</param>
    /// <param name="all">Also those that the current key opens and that have the format.</param>
    /// <exception cref="InvalidOperationException">There is no current key: look at <see cref="KeyRing.HasKey"/> first.</exception>
    public static RotationPlan Make(
        string host, HostData data, KeyRing ring, SecretFormat format, Func<string, PluginSecrets?> secretsOf, IReadOnlyDictionary<string, EndpointRecord> loaded,
        bool all = false)
    {
        var rotations = new List<SecretRotation>();
        var faults = new List<SecretFault>();
        var uses = new SecretUses(host, data, secretsOf);
        var mentions = new SecretUse(host, data.Endpoints, data.Secrets);
        var changed = new ChangedDestinations(loaded, secretsOf);
        var total = 0;
        var unused = 0;
        foreach (var secret in data.Secrets.Values)
        {
            total++;
            if (secret.Record is not { } record || !KeyLayout.TryParseSecret(secret.Key, out _, out var endpointId, out var secretId))
            {
                faults.Add(new SecretFault(secret.Key, secret.Error ?? $"{secret.Key}: is not a secret's key"));
                continue;
            }

            var place = new SecretPlace(host, endpointId, secretId);
            var candidates = uses.Of(secret.Key, endpointId);
            var opened = Open(ref place, record, candidates, ring);
            if ((format == SecretFormat.AesGcmBound || record.Sealed.Type == SecretType.AesGcmBound) && candidates.Count == 0 && !mentions.IsUsed(secret))
            {
                total--;
                unused++;
            }
            else if (opened.Json is not { } json)
            {
                faults.Add(new SecretFault(secret.Key, $"{secret.Key}: {EndpointSecrets.Explain(opened.Failure, record.Sealed, ring, candidates is [var only, ..] ? only.Purpose.Destination : null)}"));
            }
            else if (all || !opened.ByCurrentKey || record.Sealed.Type != SecretType.Of(format))
            {
                if (format == SecretFormat.AesGcmBound && place.Purpose is null && BindingFault(candidates, changed) is { } fault)
                {
                    faults.Add(new SecretFault(secret.Key, $"{secret.Key}: {fault}"));
                    continue;
                }

                if (place.Purpose is null && candidates is [var use])
                    place = place with { Purpose = use.Purpose };
                rotations.Add(new SecretRotation(secret.Key, secret.ModRevision, record with { Sealed = ring.Seal(place, json, format) }));
            }
        }

        return new RotationPlan(total, rotations, faults, unused);
    }

    /// <summary>The rotations as transactions, none of them larger than etcd takes.</summary>
    public IReadOnlyList<RotationBatch> ToBatches()
    {
        var batches = new List<RotationBatch>();
        RotationBatch? batch = null;
        foreach (var rotation in Rotations)
        {
            if (batch is null || !batch.TryAdd(rotation))
            {
                batch = new RotationBatch();
                batches.Add(batch);
                batch.TryAdd(rotation);
            }
        }

        return batches;
    }

    /// <summary>One that is bound opens as what one of the fields that refer to it is for, and stays bound to that.</summary>
    private static OpenedSecret Open(ref SecretPlace place, SecretRecord record, IReadOnlyList<(string EndpointId, SecretPurpose Purpose)> candidates, KeyRing ring)
    {
        if (record.Sealed.Type != SecretType.AesGcmBound || candidates.Count == 0)
            return ring.Open(place, record.Sealed);

        OpenedSecret opened = default;
        foreach (var (_, purpose) in candidates)
        {
            var bound = place with { Purpose = purpose };
            opened = ring.Open(bound, record.Sealed);
            if (opened.Json is null)
                continue;
            place = bound;
            break;
        }

        return opened;
    }

    /// <summary>Why one that was not bound yet cannot be.</summary>
    private static string? BindingFault(IReadOnlyList<(string EndpointId, SecretPurpose Purpose)> candidates, ChangedDestinations changed) => candidates switch
    {
        [] => "belongs to an endpoint that this agent cannot read, so that nobody can tell its destination: update the agent, or delete the endpoint",
        [var use] => changed.Has(use.EndpointId, use.Purpose)
            ? $"endpoint {use.EndpointId} has another destination in etcd than when this agent started, so that the secret is not bound to it: "
                + "see who can write etcd, then delete the endpoint and add it again with its secrets"
            : null,
        _ => $"{string.Join(" and ", candidates.Select(static use => $"{use.Purpose.Field} of {use.EndpointId}"))} refer to it, and it can be bound to one field only: "
            + "see who can write etcd, then delete the endpoints and add them again with their secrets",
    };
}

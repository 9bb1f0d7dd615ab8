using Link.Core.Secrets;

namespace Link.Core.Storage;

/// <summary>
/// Which secrets of a host have to be encrypted anew, so that the current key alone opens all of them and all have one format. What is done already
/// is not in it: after a crash half way, plan again.
/// </summary>
/// <param name="Total">Secrets that the host has.</param>
/// <param name="Rotations">What is left to do.</param>
/// <param name="Faults">Secrets that no key opens or that cannot be read, by key; they are left alone.</param>
internal sealed record RotationPlan(int Total, IReadOnlyList<SecretRotation> Rotations, IReadOnlyList<SecretFault> Faults)
{
    /// <param name="secrets">All of the host's.</param>
    /// <param name="all">Also those that the current key opens and that have the format.</param>
    /// <exception cref="InvalidOperationException">There is no current key: look at <see cref="KeyRing.HasKey"/> first.</exception>
    public static RotationPlan Make(string host, IEnumerable<Stored<SecretRecord>> secrets, KeyRing ring, SecretFormat format, bool all = false)
    {
        var rotations = new List<SecretRotation>();
        var faults = new List<SecretFault>();
        var total = 0;
        foreach (var secret in secrets)
        {
            total++;
            if (secret.Record is not { } record || !KeyLayout.TryParseSecret(secret.Key, out _, out var endpointId, out var secretId))
            {
                faults.Add(new SecretFault(secret.Key, secret.Error ?? $"{secret.Key}: is not a secret's key"));
                continue;
            }

            var place = new SecretPlace(host, endpointId, secretId);
            var opened = ring.Open(place, record.Sealed);
            if (opened.Json is not { } json)
                faults.Add(new SecretFault(secret.Key, $"{secret.Key}: {EndpointSecrets.Explain(opened.Failure, record.Sealed, ring)}"));
            else if (all || !opened.ByCurrentKey || record.Sealed.Type != SecretType.Of(format))
                rotations.Add(new SecretRotation(secret.Key, secret.ModRevision, record with { Sealed = ring.Seal(place, json, format) }));
        }

        return new RotationPlan(total, rotations, faults);
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
}

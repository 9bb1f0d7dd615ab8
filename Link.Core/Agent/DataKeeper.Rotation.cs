using Link.Core.Api;
using Link.Core.Etcd;
using Link.Core.Secrets;
using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>All secrets of the host under the current key.</summary>
internal sealed partial class DataKeeper
{
    /// <summary>How often it is planned anew when others write meanwhile.</summary>
    private const int MaxRounds = 5;

    /// <summary>Secrets that an error names; the others are counted.</summary>
    private const int MaxNamed = 5;

    private RotationSnapshot _rotation = new();
    private int _rotating;

    /// <summary>How far it is. From any thread.</summary>
    public RotationSnapshot Rotation => Volatile.Read(ref _rotation);

    /// <param name="force">Also the secrets that stand under the current key already.</param>
    public async Task<Outcome> RotateAsync(bool force)
    {
        if (!keys.HasKey)
            return new Outcome(OutcomeStatus.Conflict, $"this host has no key to encrypt secrets: {EndpointSecrets.SetTheKey}");
        if (Interlocked.Exchange(ref _rotating, 1) != 0)
            return new Outcome(OutcomeStatus.Conflict, "a rotation of this host's secrets is under way");
        try
        {
            Show(new RotationSnapshot { Running = true, StartedAt = time.GetUtcNow() });
            Outcome outcome = await TryRotateAsync(force).ConfigureAwait(false);
            Show(Rotation with { Running = false, EndedAt = time.GetUtcNow(), Error = outcome.Error });
            return outcome;
        }
        finally
        {
            Show(Rotation with { Running = false });
            Volatile.Write(ref _rotating, 0);
        }
    }

    private async Task<Outcome> TryRotateAsync(bool force)
    {
        try
        {
            return await ExclusivelyAsync(() => RotateAsync(force, _stop.Token), _stop.Token).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is EtcdException or TimeoutException)
        {
            return new Outcome(OutcomeStatus.Unavailable, $"{fault.Message}; {Rotation.Done} of {Rotation.Total} secrets are under the current key: rotate again {(fault is EtcdException ? "when etcd answers" : "later")}");
        }
    }

    private async Task<Outcome> RotateAsync(bool force, CancellationToken cancel)
    {
        // Secrets that stand in endpoints become secrets of their own first, or the old key would still be needed for them.
        for (int round = 0; round < MaxRounds; round++)
        {
            if (await PassAsync(cancel).ConfigureAwait(false) is not { Left: > 0, Progress: true })
                break;
        }

        var forced = new HashSet<string>();
        RotationPlan plan = await PlanAsync(force, forced, cancel).ConfigureAwait(false);
        if (!force && !keys.HasAlternates && plan.Rotations.Count == 0 && plan.Faults.Count == 0)
            return new Outcome(OutcomeStatus.Conflict, "there are no alternate keys: put the old key into SECRET_STORAGE_ALTERNATE_KEYS and the new one into SECRET_STORAGE_ENCRYPTION_KEY, and start the agent again");
        for (int round = 0; plan.Rotations.Count > 0 && round < MaxRounds; round++)
        {
            foreach (RotationBatch batch in plan.ToBatches())
            {
                IReadOnlyList<SecretRotation> written = await store.RotateAsync(batch, cancel).ConfigureAwait(false);
                foreach (SecretRotation rotation in written)
                    forced.Add(rotation.Key);
                Show(Rotation with { Done = Rotation.Done + written.Count });
            }

            plan = await PlanAsync(force, forced, cancel).ConfigureAwait(false);
        }

        if (plan.Rotations.Count > 0)
            return new Outcome(OutcomeStatus.Conflict, $"{plan.Rotations.Count} secrets are written by somebody else all the time: rotate again");
        if (plan.Faults.Count > 0)
            return new Outcome(OutcomeStatus.Conflict, $"{Rotation.Failed} of {plan.Total} secrets cannot be encrypted anew, the others are under the current key: {Name(plan.Faults)}");
        log.Info("the secrets of this host are under the current key", ("secrets", plan.Total), ("format", SecretType.Of(format)));
        if (plan.Unused > 0)
            log.Warning("secrets that belong to no endpoint of this host were not encrypted anew; they can be deleted", ("count", plan.Unused));
        return new Outcome(OutcomeStatus.Done);
    }

    /// <param name="done">Secrets that were forced already.</param>
    private async Task<RotationPlan> PlanAsync(bool force, HashSet<string> done, CancellationToken cancel)
    {
        HostData data = await ReadAsync(cancel).ConfigureAwait(false);
        RotationPlan plan = RotationPlan.Make(store.Hostname, data, keys, format, SecretsOf, await kept.LoadedAsync().ConfigureAwait(false), all: force);
        if (done.Count > 0)
            plan = plan with { Rotations = [.. plan.Rotations.Where(rotation => !done.Contains(rotation.Key))] };

        // Those that a migration left in their endpoints cannot be had.
        int failed = plan.Faults.Count;
        foreach (MigrationFault fault in PlanMigrations(data).Faults.Where(static fault => fault.SecretsInside > 0))
        {
            failed += fault.SecretsInside;
            plan = plan with { Total = plan.Total + fault.SecretsInside, Faults = [.. plan.Faults, new SecretFault("", fault.ToString())] };
        }

        Show(Rotation with { Total = plan.Total, Done = plan.Total - plan.Rotations.Count - failed, Failed = failed });
        return plan;
    }

    private void Show(RotationSnapshot rotation) => Volatile.Write(ref _rotation, rotation);

    private static string Name(IReadOnlyList<SecretFault> faults)
    {
        string named = string.Join("; ", faults.Take(MaxNamed).Select(static fault => fault.Message));
        return faults.Count <= MaxNamed ? named : $"{named}; and {faults.Count - MaxNamed} more";
    }
}

using Link.Core.Etcd;
using Link.Core.Secrets;
using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>Old forms become the present one.</summary>
internal sealed partial class DataKeeper
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly HashSet<string> _told = [];

    /// <summary>Migrates until nothing is left that can be, through failures of etcd and an overloaded agent. Call when the host's name is ours.</summary>
    public async Task MigrateAsync()
    {
        TimeSpan pause = FirstPause;
        try
        {
            while (true)
            {
                (int left, bool progress) = await TryPassAsync().ConfigureAwait(false);
                if (left == 0)
                    return;
                if (progress)
                {
                    pause = FirstPause;
                    continue;
                }

                await Task.Delay(pause, time, _stop.Token).ConfigureAwait(false);
                pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException || _stop.IsCancellationRequested)
        {
            // The agent stops; the next one goes on.
        }
        catch (Exception fault)
        {
            log.Error("old data in etcd cannot be migrated; the agent works on as they are, and this is a defect", ("fault", fault.ToString()));
        }
    }

    private async Task<(int Left, bool Progress)> TryPassAsync()
    {
        try
        {
            return await ExclusivelyAsync(() => PassAsync(_stop.Token), _stop.Token).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is EtcdException or TimeoutException)
        {
            Tell(fault.Message, () => log.Warning("old data in etcd are not migrated yet; it is tried again", ("reason", fault.Message)));
            return (1, false);
        }
    }

    /// <returns>How many endpoints were to be migrated, and whether one of them was.</returns>
    private async Task<(int Left, bool Progress)> PassAsync(CancellationToken cancel)
    {
        HostData data = await ReadAsync(cancel).ConfigureAwait(false);
        MigrationPlan plan = PlanMigrations(data);
        foreach (string fault in plan.Faults.Select(static fault => fault.ToString()))
            Tell(fault, () => log.Warning("an endpoint stays in an old form", ("reason", fault)));
        if (plan.Unreferenced.Count > 0)
        {
            Tell("unreferenced", () => log.Warning(
                "secrets in etcd belong to no endpoint of this host; they are left alone, and can be deleted",
                ("count", plan.Unreferenced.Count), ("first", plan.Unreferenced[0].Key)));
        }

        if (plan.Unbound > 0 && plan.Migrations.Count == 0 && format == SecretFormat.AesGcmBound)
        {
            Tell("unbound", () => log.Warning(
                "secrets in etcd are not bound to their destination: whoever can write etcd can have them sent elsewhere; link-client rotate-encryption-key binds them",
                ("count", plan.Unbound)));
        }

        bool progress = false;
        foreach (EndpointMigration migration in plan.Migrations)
        {
            string? electionKey = KeyOf(migration);
            if (electionKey == null && migration.Old.Record is { LeaseId: not 0 })
            {
                Tell(migration.Old.Key, () => log.Warning("an endpoint stays in an old form", ("reason", $"{migration.Old.Key}: its election key cannot be told")));
                continue;
            }

            if (!await store.MigrateAsync(migration, electionKey, cancel).ConfigureAwait(false))
                continue;
            progress = true;
            log.Info("an endpoint's stored form was migrated", ("endpoint", migration.EndpointId), ("why", migration.Why));
        }

        return (plan.Migrations.Count, progress);
    }

    private MigrationPlan PlanMigrations(HostData data) =>
        Migrations.Plan(store.Hostname, data.Endpoints, data.Secrets, keys, format, SecretsOf);

    private PluginSecrets? SecretsOf(string plugin) => pluginOf(plugin) is { } known ? SecretsOfPlugin.Of(known) : null;

    private string? KeyOf(EndpointMigration migration)
    {
        try
        {
            return pluginOf(migration.New.Plugin)?.FindElectionKey(migration.New.ParsePluginConfig());
        }
        catch (InvalidOperationException)
        {
            // Something in it is not text.
            return null;
        }
    }

    // What does not change is said once.
    private void Tell(string about, Action say)
    {
        if (_told.Add(about))
            say();
    }
}

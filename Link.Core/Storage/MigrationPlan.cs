namespace Link.Core.Storage;

/// <summary>What of a host's data stands in an old form.</summary>
/// <param name="Migrations">Each is a transaction of its own. Done, planning gives those that had to wait for them, and then none.</param>
/// <param name="Faults">Endpoints that are left alone, byte for byte.</param>
/// <param name="Unreferenced">Secrets in etcd that no endpoint of the host mentions.</param>
/// <param name="Unbound">How many of the others are not bound to their destination.</param>
internal sealed record MigrationPlan(
    IReadOnlyList<EndpointMigration> Migrations, IReadOnlyList<MigrationFault> Faults, IReadOnlyList<Stored<SecretRecord>> Unreferenced, int Unbound);

namespace Link.Core.Storage;

/// <summary>What of a host's data stands in an old form.</summary>
/// <param name="Migrations">Each is a transaction of its own. Done, planning gives none.</param>
/// <param name="Faults">Endpoints that are left alone and why, one line each, which starts with the endpoint's key.</param>
/// <param name="Unreferenced">Secrets in etcd that no endpoint of the host mentions.</param>
internal sealed record MigrationPlan(IReadOnlyList<EndpointMigration> Migrations, IReadOnlyList<string> Faults, IReadOnlyList<StoredSecret> Unreferenced);

using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>Whoever remembers what etcd has, to restore it should etcd be wiped.</summary>
internal interface IKeptData
{
    Task MigratedAsync(EndpointMigration migration);

    Task RotatedAsync(IReadOnlyList<SecretRotation> rotations);
}

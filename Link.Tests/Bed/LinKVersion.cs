namespace Link.Tests.Bed;

/// <summary>What differs between LinK's agents in etcd, as they were recorded.</summary>
/// <param name="HasPlugins">Endpoints name a plugin (from 3.0 on); before, they are an address.</param>
/// <param name="HasCompetitorKeys">There are keys under /link/ips (from 2.0 on); before, hosts compete by polling alone.</param>
/// <param name="DataVersion">In the host's record; null: without.</param>
internal sealed record LinKVersion(string Name, bool HasPlugins, bool HasCompetitorKeys, int? DataVersion)
{
    internal const string V1 = "1.9.3", V2 = "2.0.7", V3 = "3.3.0";

    internal static LinKVersion Of(string name) => name switch
    {
        V1 => new LinKVersion(V1, HasPlugins: false, HasCompetitorKeys: false, DataVersion: null),
        V2 => new LinKVersion(V2, HasPlugins: false, HasCompetitorKeys: true, DataVersion: 1),
        V3 => new LinKVersion(V3, HasPlugins: true, HasCompetitorKeys: true, DataVersion: 1),
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, null),
    };
}

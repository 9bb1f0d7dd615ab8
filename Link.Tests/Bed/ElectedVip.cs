using System.Net;

namespace Link.Tests.Bed;

/// <summary>An address for which agents compete, after they have agreed on a holder.</summary>
/// <param name="Ids">Id of the endpoint on each host.</param>
internal sealed record ElectedVip(IPAddress Address, AgentHost Holder, IReadOnlyDictionary<AgentHost, string> Ids)
{
    internal string HolderId => Ids[Holder];

    internal IEnumerable<AgentHost> Others => Ids.Keys.Where(host => host != Holder);

    /// <summary>etcd's key of the lock.</summary>
    internal string LockKey => $"/link/default/{Address}_{(Address.GetAddressBytes().Length == 16 ? 128 : 32)}";
}

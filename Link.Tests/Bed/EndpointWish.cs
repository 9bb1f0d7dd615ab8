using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Link.Tests.Bed;

/// <summary>How a test wants its endpoint, besides the address.</summary>
internal sealed record EndpointWish
{
    /// <summary>A TCP check of this port on the host itself.</summary>
    internal int? CheckedPort { get; init; }

    /// <summary>claim, hold or release; null: the agent's default.</summary>
    internal string? OnEtcdLoss { get; init; }

    internal JsonObject ToJson(IPAddress address)
    {
        var config = new JsonObject { ["ip"] = $"{address}/{(address.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32)}" };
        if (OnEtcdLoss is not null)
            config["on_etcd_loss"] = OnEtcdLoss;
        var body = new JsonObject { ["plugin"] = "arp", ["plugin_config"] = config };
        if (CheckedPort is { } port)
            body["checks"] = new JsonArray(new JsonObject { ["type"] = "TCP", ["host"] = "127.0.0.1", ["port"] = port });
        return body;
    }
}

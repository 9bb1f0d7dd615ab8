using System.Text.Json;

namespace Link.Core.Storage;

/// <summary>An agent of ours that runs now, as etcd stores it under <see cref="KeyLayout.Agent"/>, bound to the host's lease.</summary>
/// <param name="Instance">Names this process among all that ever ran with this hostname.</param>
/// <param name="Version">The agent's version, for people.</param>
internal sealed record AgentRecord(string Hostname, string Instance, string Version)
{
    public const int MaxAddresses = 16;

    /// <summary>Stands for the instance of a record that cannot be read.</summary>
    public const string Unreadable = "unreadable";

    private const int MostInstanceLength = 64;

    /// <summary>Where the agent hears heartbeats, as <c>address:port</c>; null: it sends none.</summary>
    public string? Heartbeat { get; init; }

    /// <summary>True: the process that wrote this has ended; what it had waits for its successor.</summary>
    public bool IsStopped { get; init; }

    /// <summary>Where this instance can be asked whether it lives, as <c>address:port</c>; null: nowhere.</summary>
    public string? Reach { get; init; }

    /// <summary>Which process it is, in terms that mean something on the same machine only.</summary>
    public string? Process { get; init; }

    /// <summary>The host's own addresses, by which it reaches etcd and its gateways: no other host may hold them. Of more than 16 the first ones count.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <param name="key">The key in etcd, for the error.</param>
    public static ReadResult<AgentRecord> Read(string key, ReadOnlyMemory<byte> json) => RecordJson.Read(key, json, fields =>
        new AgentRecord(RecordJson.Text(fields, "hostname"), Instanced(RecordJson.Text(fields, "instance")), RecordJson.Text(fields, "version"))
        {
            Heartbeat = RecordJson.Text(fields, "heartbeat") is { Length: > 0 } heartbeat ? heartbeat : null,
            IsStopped = RecordJson.Fact(fields, "stopped"),
            Process = RecordJson.Text(fields, "process") is { Length: > 0 } process ? process : null,
            Addresses = ReadAddresses(fields),
            Reach = RecordJson.Text(fields, "reach") is { Length: > 0 } reach ? reach : null,
        });

    public byte[] Write() => RecordJson.Write(writer =>
    {
        writer.WriteString("hostname", Hostname);
        writer.WriteString("instance", Instance);
        writer.WriteString("version", Version);
        if (Heartbeat is not null)
            writer.WriteString("heartbeat", Heartbeat);
        if (IsStopped)
            writer.WriteBoolean("stopped", true);
        if (Process is not null)
            writer.WriteString("process", Process);
        if (Addresses.Count > 0)
        {
            writer.WriteStartArray("addresses");
            foreach (string address in Addresses)
                writer.WriteStringValue(address);
            writer.WriteEndArray();
        }
        if (Reach is not null)
            writer.WriteString("reach", Reach);
    });

    private static IReadOnlyList<string> ReadAddresses(JsonElement fields)
    {
        // A faulty list must not make the record unreadable, which tells who runs under the name.
        if (!RecordJson.Has(fields, "addresses", out JsonElement list) || list.ValueKind != JsonValueKind.Array)
            return [];
        return [.. list.EnumerateArray().Where(static item => item.ValueKind == JsonValueKind.String).Take(MaxAddresses).Select(static item => item.GetString()!)];
    }

    /// <summary>It stands in log lines, and whoever may write etcd may write it.</summary>
    private static string Instanced(string instance)
    {
        foreach (char c in instance)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '-')
                throw NotAnInstance();
        }

        return instance.Length is > 0 and <= MostInstanceLength ? instance : throw NotAnInstance();
    }

    private static JsonException NotAnInstance() => RecordJson.Wrong("instance", $"1 to {MostInstanceLength} letters, digits or dashes");
}

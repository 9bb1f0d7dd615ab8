namespace Link.Core.Storage;

/// <summary>A host as etcd stores it under <see cref="KeyLayout.Host"/>: <c>{"hostname":"web-1","lease_id":7587,"data_version":3,"agent"?}</c>.</summary>
/// <param name="LeaseId">The host's lease, which an agent goes on with after a restart if etcd still has it; 0: none.</param>
/// <param name="DataVersion">3 in data of LinK 3, but LinK writes 1 and 3 in a race: look at the data instead. 0: missing (LinK 1), and not written.</param>
internal sealed record HostRecord(string Hostname, long LeaseId, int DataVersion = HostRecord.CurrentDataVersion)
{
    public const int CurrentDataVersion = 3;

    /// <summary>The version of the agent of ours that wrote this; null: LinK did, which drops the field when it writes. Ours.</summary>
    public string? Agent { get; init; }

    /// <summary>LinK wrote this last: what is on the host is LinK's.</summary>
    public bool IsLinKs => Agent is null;

    /// <param name="key">The key in etcd, for the error.</param>
    public static ReadResult<HostRecord> Read(string key, ReadOnlyMemory<byte> json) => RecordJson.Read(key, json, fields => new HostRecord(
        RecordJson.Text(fields, "hostname"), RecordJson.Integer(fields, "lease_id"), RecordJson.SmallInteger(fields, "data_version"))
    {
        Agent = RecordJson.Text(fields, "agent") is { Length: > 0 } agent ? agent : null,
    });

    public byte[] Write() => RecordJson.Write(writer =>
    {
        writer.WriteString("hostname", Hostname);
        writer.WriteNumber("lease_id", LeaseId);
        if (DataVersion != 0)
            writer.WriteNumber("data_version", DataVersion);
        if (Agent is not null)
            writer.WriteString("agent", Agent);
    });
}

using System.Globalization;

namespace Link.Core.Storage;

/// <summary>
/// "This host competes", as etcd stores it under <see cref="KeyLayout.Competitor"/>: <c>{"updated_at":"2026-01-02T03:04:05.6789012Z"}</c>,
/// in the form of Go's RFC3339Nano, which drops closing zeros. .NET counts 100 ns.
/// </summary>
internal sealed record CompetitorRecord(DateTimeOffset UpdatedAt)
{
    /// <param name="key">The key in etcd, for the error.</param>
    public static ReadResult<CompetitorRecord> Read(string key, ReadOnlyMemory<byte> json) => RecordJson.Read(key, json, fields =>
    {
        var text = RecordJson.Text(fields, "updated_at");
        if (text.Length == 0)
            return new CompetitorRecord(DateTimeOffset.UnixEpoch);

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time)
            ? new CompetitorRecord(time)
            : throw RecordJson.Wrong("updated_at", "a time");
    });

    public byte[] Write() => RecordJson.Write(writer =>
        writer.WriteString("updated_at", UpdatedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture)));
}

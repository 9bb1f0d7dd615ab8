using Google.Protobuf;

namespace Link.Core.Etcd;

/// <summary>The conditions of a transaction, as sentences: <c>When.Absent(key)</c>, <c>When.LeaseIs(key, lease)</c>.</summary>
internal static class When
{
    /// <summary>The key does not exist (its create revision is 0).</summary>
    public static Compare Absent(string key) => CreateRevisionIs(key, 0);

    public static Compare Exists(string key) =>
        new() { Key = Utf8(key), Target = Compare.Types.CompareTarget.Create, Result = Compare.Types.CompareResult.Greater, CreateRevision = 0 };

    public static Compare CreateRevisionIs(string key, long revision) =>
        new() { Key = Utf8(key), Target = Compare.Types.CompareTarget.Create, CreateRevision = revision };

    /// <summary>Nobody has written the key since that revision.</summary>
    public static Compare ModRevisionIs(string key, long revision) =>
        new() { Key = Utf8(key), Target = Compare.Types.CompareTarget.Mod, ModRevision = revision };

    /// <summary>The key exists and hangs on that lease. (etcd takes an absent key for one with lease 0.)</summary>
    public static Compare LeaseIs(string key, long lease) =>
        new() { Key = Utf8(key), Target = Compare.Types.CompareTarget.Lease, Lease = lease };

    /// <summary>The key hangs on another lease, on none, or does not exist.</summary>
    /// <param name="lease">Not 0.</param>
    public static Compare LeaseIsNot(string key, long lease) =>
        new() { Key = Utf8(key), Target = Compare.Types.CompareTarget.Lease, Result = Compare.Types.CompareResult.NotEqual, Lease = lease };

    public static Compare ValueIs(string key, string value) => ValueIs(key, Utf8(value));

    public static Compare ValueIs(string key, ByteString value) =>
        new() { Key = Utf8(key), Target = Compare.Types.CompareTarget.Value, Value = value };

    private static ByteString Utf8(string text) => ByteString.CopyFromUtf8(text);
}

namespace Link.Core.Storage;

/// <summary>A record from etcd, or why its value cannot be read. One broken value must not stop the agent.</summary>
/// <param name="Error">One line that starts with the key; null on success.</param>
internal readonly record struct ReadResult<T>(T? Value, string? Error)
    where T : class;

namespace Link.Core.Plugins;

/// <summary>How far an output outside this host is with what is wanted of it now. The API shows the names, in lower case.</summary>
internal enum OutputProgress
{
    /// <summary>No call about it has ended yet.</summary>
    Pending,

    /// <summary>The outside is as wanted.</summary>
    Done,

    /// <summary>The last call failed; it is tried again.</summary>
    Failed,
}

namespace Link.Core.Plugins;

/// <summary>The calls of an <see cref="IRemoteOutput"/>.</summary>
internal enum CallKind
{
    Activate,
    Ensure,
    Deactivate,
}

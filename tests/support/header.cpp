// What the precompiled header belongs to that tests share.
int main() {}

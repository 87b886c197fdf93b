print(H)
